"""The platform on one machine: the local AWS, a simulated CPO and the demo. Nothing of this is deployed."""
