"""What a picture shows: safe decoding, views and parts, hashes, points."""
