"""What other services' clients send and read: wire types, tensors, prompts. No layer of its own."""
