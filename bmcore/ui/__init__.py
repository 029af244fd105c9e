"""Everything pages are made of. The only folder that imports streamlit."""
