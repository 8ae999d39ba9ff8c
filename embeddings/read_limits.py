"""What the reading of one set may take, and what to do when it takes more."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadLimits:
    """What the reading of one set may take; see limits.read_limits.

    Attributes
    ----------
    memory : bytes of memory; mapped files do not count, since the system can take them back
    seconds : wall-clock time
    open_files : files open at the same time, the interpreter's own included
    max_bytes : the configured limit on a file and on its decoded content
    """

    memory: int
    seconds: float
    open_files: int
    max_bytes: int

    def exceeded(self, memory: int, seconds: float) -> str:
        """Return which limit a process exceeds, by what it takes, and what to do; "" if none."""
        if memory > self.memory:
            return self.memory_message
        if seconds > self.seconds:
            return (
                f"reading it takes longer than the limit of {self.seconds:,.0f} s; give a smaller "
                "or simpler file, or raise EMBEDDING_MAX_SECONDS"
            )
        return ""

    @property
    def memory_message(self) -> str:
        """What to do when the memory is not enough."""
        return (
            f"reading it takes more memory than the limit of {self.memory / 2**20:,.0f} MiB; give "
            "a smaller file, or raise EMBEDDING_MAX_MEMORY if the machine has the memory"
        )

    @property
    def files_message(self) -> str:
        """What to do when the open files are not enough."""
        return (
            f"reading it needs more open files than the limit of {self.open_files:,}; join its "
            "parts into fewer arrays or files, or raise EMBEDDING_MAX_OPEN_FILES"
        )
