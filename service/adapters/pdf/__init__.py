"""Evidence packs as readable PDF files."""
