"""What the reading of one set may take, and what to do when it takes more."""

from dataclasses import dataclass

PATIENCE = 30.0
"""How many times as long as it may compute a reading may take, since a slow disk is no fault of the
file."""


@dataclass(frozen=True)
class ReadLimits:
    """What the reading of one set may take; see limits.read_limits.

    Attributes
    ----------
    memory : bytes of memory; mapped files do not count, since the system can take them back
    seconds : time that it may compute: processor time, or wall-clock time if that is less, since
        several threads spend processor time faster. So neither other programs nor a slow disk count
    open_files : files open at the same time, the interpreter's own included
    max_bytes : the configured limit on a file and on its decoded content
    activity : what is limited, as the subject of a message
    """

    memory: int
    seconds: float
    open_files: int
    max_bytes: int
    activity: str = "reading it"

    def exceeded(self, memory: int, processor: float, elapsed: float) -> str:
        """Return which limit a process exceeds, and what to do; "" if it exceeds none.

        Parameters
        ----------
        memory : bytes that it has taken
        processor, elapsed : its processor time and the wall-clock time, in seconds
        """
        if memory > self.memory:
            return self.memory_message
        if min(processor, elapsed) > self.seconds:
            return (
                f"{self.activity} takes longer than the limit of {self.seconds:,.0f} s; give a "
                "smaller or simpler file, or raise EMBEDDING_MAX_SECONDS"
            )
        if elapsed > PATIENCE * self.seconds:
            return (
                f"{self.activity} has not ended after {elapsed:,.0f} s, {processor:,.0f} s of them "
                "computing; copy the file to a faster disk, try again when the machine is less "
                "busy, or raise EMBEDDING_MAX_SECONDS"
            )
        return ""

    @property
    def memory_message(self) -> str:
        """What to do when the memory is not enough."""
        return (
            f"{self.activity} takes more memory than the limit of {self.memory / 2**20:,.0f} MiB; "
            "give a smaller file, or raise EMBEDDING_MAX_MEMORY if the machine has the memory"
        )

    @property
    def files_message(self) -> str:
        """What to do when the open files are not enough."""
        return (
            f"{self.activity} needs more open files than the limit of {self.open_files:,}; join "
            "its parts into fewer arrays or files, or raise EMBEDDING_MAX_OPEN_FILES"
        )
