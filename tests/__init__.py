"""Tests of tensorgrok; their modules mirror those of the package."""
