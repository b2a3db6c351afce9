"""Fakes of libraries that need hardware. A fake is no evidence of how the hardware behaves."""
