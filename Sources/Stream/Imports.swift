@_exported import CLinux
@_exported import Pixels
@_exported import Threading
