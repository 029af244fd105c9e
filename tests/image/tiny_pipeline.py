"""Stable Diffusion, XL and 3 pipelines so small that a test can train them: a few channels, 2 layers, random weights."""

from __future__ import annotations

import json
from pathlib import Path

SIZE = 16  # pixels a side: latents of 8 x 8


def tokenizer(folder: Path, name: str = "tokenizer"):
    """CLIP's tokenizer with the letters of the alphabet for a vocabulary."""
    from transformers import CLIPTokenizer

    words = ["<|startoftext|>", "<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz"]
    words += [f"{letter}</w>" for letter in "abcdefghijklmnopqrstuvwxyz"]
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "vocab.json").write_text(json.dumps({word: at for at, word in enumerate(words)}))
    (folder / name / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(folder / name, model_max_length=16)


def text_encoder(projected: bool = False):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(vocab_size=54, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                            max_position_embeddings=16, projection_dim=16, bos_token_id=0, eos_token_id=1, pad_token_id=1)
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def vae(**more):
    from diffusers import AutoencoderKL

    return AutoencoderKL(block_out_channels=(8, 16), down_block_types=("DownEncoderBlock2D",) * 2, norm_num_groups=4,
                         up_block_types=("UpDecoderBlock2D",) * 2, layers_per_block=1, latent_channels=4, sample_size=SIZE, **more)


def unet(**more):
    from diffusers import UNet2DConditionModel

    given = {"cross_attention_dim": 16} | more
    return UNet2DConditionModel(sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, attention_head_dim=2,
                                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **given)


def scheduler(prediction: str):
    from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

    if prediction == "flow_prediction":
        return DPMSolverMultistepScheduler(prediction_type=prediction, use_flow_sigmas=True)
    return DDIMScheduler(prediction_type=prediction, clip_sample=False, steps_offset=1)


def build(folder: Path, kind: str = "sd", prediction: str = "epsilon") -> Path:
    """A pipeline folder as `save_pretrained` writes it; kind is sd, xl or sd3."""
    import torch

    torch.manual_seed(0)
    {"sd": _sd, "xl": _xl, "sd3": _sd3}[kind](folder / "words", prediction).save_pretrained(folder)
    return folder


def _sd(words: Path, prediction: str):
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline(vae(), text_encoder(), tokenizer(words), unet(), scheduler(prediction), None, None,
                                   requires_safety_checker=False)


def _xl(words: Path, prediction: str):
    from diffusers import StableDiffusionXLPipeline

    added = {"cross_attention_dim": 32, "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
             "projection_class_embeddings_input_dim": 6 * 8 + 16}
    return StableDiffusionXLPipeline(vae(), text_encoder(), text_encoder(True), tokenizer(words), tokenizer(words, "tokenizer_2"),
                                     unet(**added), scheduler(prediction), add_watermarker=False)


def _sd3(words: Path, prediction: str):
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    denoiser = SD3Transformer2DModel(sample_size=8, patch_size=2, in_channels=4, num_layers=2, attention_head_dim=8, num_attention_heads=2,
                                     joint_attention_dim=32, caption_projection_dim=16, pooled_projection_dim=32, out_channels=4,
                                     pos_embed_max_size=16)
    flow = FlowMatchEulerDiscreteScheduler(shift=3.0)
    return StableDiffusion3Pipeline(denoiser, flow, vae(shift_factor=0.1), text_encoder(True), tokenizer(words), text_encoder(True),
                                    tokenizer(words, "tokenizer_2"), None, None)
