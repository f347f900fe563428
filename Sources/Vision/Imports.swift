@_exported import Kernels
@_exported import Pixels
