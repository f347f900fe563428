// All files of this module see these, and all files that import it.
@_exported import Telemetry
