"""Distillation, export and fine-tuning of backbones."""
