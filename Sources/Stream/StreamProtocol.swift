/// The numbers of the line protocol; `stream.schema.json` describes the lines themselves.
public enum StreamProtocol {
    /// Grows when a line changes so that a client of the older one could misread it. New fields and new types of lines
    /// may come without: clients skip what they do not know.
    public static let version = 1
    /// Bytes of the longest line of any kind, newline included, but for the hello line.
    public static let lineLimit = 32 << 10
    /// Bytes of the longest label before it is escaped; a detection with a longer one is skipped.
    public static let labelLimit = 1024
    /// Bytes by which a snapshot's line is longer than its frame's, at most.
    public static let snapshotHeadLimit = 512
    /// Bytes of the longest frame line.
    public static let frameLimit = lineLimit - snapshotHeadLimit
    /// Bytes of the longest hello line.
    public static let helloLimit = 256 << 10
    /// Bytes of a name or path that the hello line gives; longer ones are cut.
    public static let textLimit = 1024
    /// Bytes of a state's line, and of a text in it before it is escaped.
    public static let stateLimit = 4 << 10
    /// Bytes of a text in a state's line, before it is escaped; longer ones are cut.
    public static let stateTextLimit = 256
    /// Bytes of the longest line that a client may send, newline included.
    public static let inputLimit = 4 << 10
}
