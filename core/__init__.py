"""The numerical core: tables of coefficients, the loop that runs them, noise. Knows torch and numpy only."""
