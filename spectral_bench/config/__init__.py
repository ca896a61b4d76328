"""Configuration: composed once by Hydra, validated once, plain typed objects from there on."""
