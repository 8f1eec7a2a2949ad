"""What the contract cannot say: how each product behaves, one package per product, one module per resource."""
