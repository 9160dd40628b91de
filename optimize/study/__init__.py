"""One study: its settings and identity, its loop, its workers and what comes out."""
