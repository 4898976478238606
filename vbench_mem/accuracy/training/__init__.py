"""Training for accuracy: stages, losses, snapshots; what is trained is what was measured."""
