@_exported import CLinux
@_exported import Files
@_exported import Pixels
