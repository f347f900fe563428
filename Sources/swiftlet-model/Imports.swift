@_exported import Annotations
@_exported import Quantizer
@_exported import Service
