@_exported import Checkpoint
@_exported import Model
