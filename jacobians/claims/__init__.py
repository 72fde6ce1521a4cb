"""Claims about derivatives: read from documents, evaluated, judged, and corrected where they are wrong."""
