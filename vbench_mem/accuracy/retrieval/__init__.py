"""Zero-shot retrieval: embeddings in, ranks and what follows out. Never embeds or trains."""
