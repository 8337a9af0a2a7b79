"""`python -m contract` is the command `magistral-contract`."""

from contract.cli import main

if __name__ == "__main__":
    main()
