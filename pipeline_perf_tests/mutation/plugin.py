"""For pytest while mutants are tried (-p): the same examples each time, and bounded memory."""

import resource

from hypothesis import Phase, settings

#: Bytes that a mutant may address: the tests without one stay far below it, and one that fills a
#: list for ever ends before the machine is full.
MEMORY = 16 * 2**30

# A mutant is dead by any example; a smaller one is for people, and takes minutes.
settings.register_profile(
    "mutation",
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile("mutation")
resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
