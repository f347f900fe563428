/// Why a file of annotations, or of labels, is not used: one line that names the entry and the fix. Callers put the file's
/// name in front.
public struct AnnotationError: Error, Equatable, Sendable {
    /// Without a full stop.
    public let message: String

    init(_ message: String) { self.message = message }
}
