"""What a LoRA file tells: its header, its tensors, its weights."""
