"""A comparison as a page, a picture and lines on a terminal."""
