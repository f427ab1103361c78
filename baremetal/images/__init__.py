"""Images and their bytes: named stores, uploads, deletion, and proof that records are true."""
