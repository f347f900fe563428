@_exported import Service
