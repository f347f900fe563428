/// Why a model could not be prepared.
public enum ModelError: Error, Equatable, Sendable {
    case model(ModelFileError)
    /// The graph in the file is none.
    case graph(GraphError)
    case engine(EngineError)
    /// The system has no room for what decodes images.
    case noMemoryForImages(byteCount: Int)
    /// The asked-for input size is outside what networks are built for.
    case inputSize(ImageSize)
    /// The class threshold at this position of the settings names no class of the model, which has those labels.
    case unknownLabel(position: Int, labels: [ArraySlice<UInt8>])
}
