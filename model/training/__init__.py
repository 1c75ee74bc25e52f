"""Everything that the service must never import: data, losses, the trainer, export."""
