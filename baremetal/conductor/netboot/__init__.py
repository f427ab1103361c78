"""What a conductor runs for machines that boot from the network."""
