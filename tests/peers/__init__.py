"""The forward pass of every op in the words of another library, which differentiates it by itself."""
