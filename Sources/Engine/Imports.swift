@_exported import Arena
@_exported import Kernels
@_exported import ModelFile
