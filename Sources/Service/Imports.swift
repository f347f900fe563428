// All files of this module see these, and all files that import it.
@_exported import Camera
@_exported import Files
@_exported import Model
@_exported import Stream
