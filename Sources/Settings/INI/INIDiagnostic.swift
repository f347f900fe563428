/// One thing that is wrong with a configuration file or a board's file.
public struct INIDiagnostic: Error, Equatable {
    /// What is wrong; `message(file:)` has the words.
    public enum Reason: Equatable, Sendable {
        case nullByte
        /// One that is not at the line's end.
        case carriageReturn
        case notINI
        /// Text stands behind a section's bracket.
        case behindSection
        /// A # behind a blank or at the beginning of a value, or // behind a blank.
        case hashComment
        /// A semicolon before a blank and not behind one.
        case tightComment
        /// A text in single, back or curly quotes.
        case foreignQuotes
        /// A double quote that does not enclose a text.
        case quote
        /// What follows a backslash inside quotes.
        case escape
        /// A key stands before the first section.
        case noSection
        case unknownSection
        case unknownKey
        /// The same in a board's file.
        case unknownBoardSection
        case unknownBoardKey
        /// A board's file lacks the key.
        case missing
        /// The same key stands in an earlier line.
        case repeated(line: Int)
        case empty
        case notUTF8
        case value(ValueError)
        case unnamedZone
        case emptyZone
        /// The model, of another task than detection, gives no boxes of objects.
        case zoneWithoutObjects(TaskKind)
        case tooManyZones(limit: Int)
        /// Of classes.
        case tooManyNames(limit: Int)
        /// `nearest` is the model's label with the most similar spelling; nil where none is similar.
        case unknownClass([UInt8], nearest: [UInt8]?)
        /// A comment that begins with the label of a class.
        case commentedClass
        /// The maximum: the rest of the file was not checked.
        case tooManyDiagnostics(limit: Int)
        /// There is no key in the whole file.
        case noSetting
        /// The file ends within a line.
        case noLineEnd
    }

    /// From 1; 0 for what is missing.
    public var line: Int
    /// As the file has them, empty where there is none.
    public var section: [UInt8] = []
    /// In the section; empty where the line has none.
    public var key: [UInt8] = []
    /// What is wrong with the line.
    public var reason: Reason

    /// What is wrong with a line or a value, before it is known where that stands.
    struct Problem: Error {
        var reason: Reason

        init(_ reason: Reason) { self.reason = reason }
    }
}
