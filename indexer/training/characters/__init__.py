"""Original characters drawn by code.

A character is an :class:`~.identity.Identity`; ``draw`` shows it in a pose, a
style and a scene.  Everything is vector art first and pixels last, and every
random choice comes from the generator the caller passes, so the same arguments
give the same picture.
"""

from indexer.training.characters.chance import random_identity, random_pose
from indexer.training.characters.figure import draw
from indexer.training.characters.identity import Identity, Outfit, Pose

__all__ = ["Identity", "Outfit", "Pose", "draw", "random_identity", "random_pose"]
