@_exported import Camera
@_exported import Files
@_exported import Model
@_exported import Stream
