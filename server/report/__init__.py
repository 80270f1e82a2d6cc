"""Reports: a finished back-test as files that can be kept, sent and opened anywhere."""

from server.report.files import write_report

__all__ = ["write_report"]
