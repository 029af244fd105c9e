"""The commands of the terminal, a file each. Nothing heavy is imported before a command needs it."""
