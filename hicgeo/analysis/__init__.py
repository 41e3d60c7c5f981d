"""What is computed: receives tables, returns tables, opens nothing, draws nothing."""
