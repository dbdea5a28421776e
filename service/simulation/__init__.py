"""Made-up traffic with a known truth: what a demo shows and what the analytics are held against."""

from service.simulation.plan import Plan, Spell
from service.simulation.simulate import Simulation, simulate

__all__ = ["Plan", "Simulation", "Spell", "simulate"]
