"""The card processor, as Fortis's public material describes it: /fortis/v1/..."""
