"""The one exception tree of all three packages.

Every message says what was found, what was expected, and the remedy, in one line.

    RorqError
    ├── ResourceError             the machine lacks memory, disk space or open files
    ├── ParameterError            (also ValueError) a strategy parameter, a search space or a knob
    ├── DateRangeError            (also ValueError) a date range that cannot be
    ├── SurfaceTooLargeError      (also ValueError) a search space beyond exact evaluation
    ├── RangeTooLongError         (also ValueError) sessions that memory cannot hold
    ├── CacheError                market data on disk
    │   ├── MissingSessionError   an exchange session that the cache does not hold
    │   ├── CorruptFileError      a file that cannot be read
    │   ├── SchemaError           a column that is absent or of another type
    │   ├── BadDataError          values that cannot be true
    │   ├── MixedSourcesError     synthetic and real sessions in one range
    │   ├── SessionChangedError   a session that is no longer the one that work began with
    │   ├── BucketError           a cache in object storage that refuses, or is not there
    │   │   └── BucketUnreachableError   no answer, for longer than is waited
    │   ├── DownloadError         the data provider did not deliver
    │   └── LegacyImportError     a file of the predecessor that is not admitted
    ├── DatabaseError             PostgreSQL
    │   ├── DatabaseSettingsError (also ValueError) the PG_* group
    │   ├── DatabaseUnreachableError
    │   └── DatabaseLostError     gone for longer than a run waits
    ├── ClusterError              a cluster that cannot do the work
    │   └── ClusterUnreachableError   no scheduler, or no worker, for longer than is waited
    └── StudyError                the search
        ├── StudyMismatchError    a stored study that is not the one asked for
        ├── StudyBusyError        another run drives the study
        ├── StudyInterruptedError stopped on request; can be resumed
        └── TooManyFailuresError  the objective fails too often
"""


class RorqError(Exception):
    """Root of the tree: a one-line message of what was found, what was expected, and the remedy."""

    def __init__(self, found: str, *, expected: str = "", remedy: str = "") -> None:
        """Join the three parts; line breaks in them are folded to spaces."""
        self.found = found
        self.expected = expected
        self.remedy = remedy
        parts = [found]
        if expected:
            parts.append(f"expected {expected}")
        if remedy:
            parts.append(remedy)
        super().__init__(" ".join("; ".join(parts).split()))

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process with all three parts."""
        return (_rebuild, (type(self), self.found, self.expected, self.remedy))


def _rebuild(kind: type[RorqError], found: str, expected: str, remedy: str) -> RorqError:
    return kind(found, expected=expected, remedy=remedy)


class ParameterError(RorqError, ValueError):
    """A strategy parameter, a search space or a knob is unknown or out of its range."""


class DateRangeError(RorqError, ValueError):
    """A date range is out of order, malformed, or holds no exchange session."""


class SurfaceTooLargeError(RorqError, ValueError):
    """A search space is too large for exact evaluation."""


class ResourceError(RorqError):
    """The machine lacks memory, disk space or open files."""


class RangeTooLongError(RorqError, ValueError):
    """The sessions of a range would take more memory than there is."""


class CacheError(RorqError):
    """Market data on disk is absent or unsound."""


class MissingSessionError(CacheError):
    """An exchange session is not in the cache."""


class CorruptFileError(CacheError):
    """A cache file cannot be read."""


class SchemaError(CacheError):
    """A cache file lacks a column or has one of another type."""


class BadDataError(CacheError):
    """A cache file holds values that cannot be true."""


class MixedSourcesError(CacheError):
    """Synthetic and real sessions stand in one range."""


class SessionChangedError(CacheError):
    """A session is no longer the one that work began with."""


class BucketError(CacheError):
    """A cache in object storage cannot be used."""


class BucketUnreachableError(BucketError):
    """The server of the object storage does not answer."""


class DownloadError(CacheError):
    """The data provider did not deliver."""


class LegacyImportError(CacheError):
    """A file of the predecessor's cache is not admitted."""


class DatabaseError(RorqError):
    """PostgreSQL cannot be used."""


class DatabaseSettingsError(DatabaseError, ValueError):
    """The PG_* settings are incomplete or malformed."""


class DatabaseUnreachableError(DatabaseError):
    """No usable PostgreSQL answers with these settings."""


class DatabaseLostError(DatabaseError):
    """PostgreSQL went away for longer than a run waits."""


class ClusterError(RorqError):
    """A cluster cannot do the work."""


class ClusterUnreachableError(ClusterError):
    """No scheduler answers, or it has no worker, for longer than is waited."""


class StudyError(RorqError):
    """The search cannot go on."""


class StudyMismatchError(StudyError):
    """A stored study differs from the one that was asked for."""


class StudyBusyError(StudyError):
    """Another run drives this study."""


class StudyInterruptedError(StudyError):
    """The run was stopped on request; the study can be resumed."""


class TooManyFailuresError(StudyError):
    """More than a tenth of the attempts failed."""
