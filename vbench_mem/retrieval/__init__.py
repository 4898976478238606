"""Zero-shot retrieval: embeddings in, ranks and what follows from them out. Never embeds or trains."""
