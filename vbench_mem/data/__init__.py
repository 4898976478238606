"""Real input: video files and captions in, batches out. Never draws noise and never trains."""
