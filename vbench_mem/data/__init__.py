"""Video files, annotations and generated clips, read into batches. Never trains or measures."""
