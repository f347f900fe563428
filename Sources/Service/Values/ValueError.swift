/// Why a text is no value of its kind.
public enum ValueError: Error, Equatable, Sendable {
    case notANumber(from: Double, to: Double)
    case notAnInteger(from: Int64, to: Int64)
    case notAChoice(Choice)
    case notASize
    case notAFormat
    case notAbsolute
    /// Bytes of a path.
    case pathTooLong(limit: Int)
    case notARectangle
    case emptyRectangle

    /// What to write instead: the end of a sentence that begins with the name of a setting or an option.
    public var words: String {
        switch self {
        case .notANumber(let from, let to):
            "must be a number from \(brief(from)) to \(brief(to)) (with a decimal point, without a unit)"
        case .notAnInteger(let from, let to): "must be an integer from \(from) to \(to)"
        case .notAChoice(let choice): "must be \(choice.list)\(choice.note)"
        case .notASize: "must be WIDTHxHEIGHT in pixels, like 640x480"
        case .notAFormat: "must be mjpeg, yuyv, uyvy, nv12, yuv420, rgb24, bgr24 or grey"
        case .notAbsolute: "must be an absolute path (starting with /)"
        case .pathTooLong(let limit): "path too long (maximum \(limit) bytes)"
        case .notARectangle: "must be LEFT TOP RIGHT BOTTOM as fractions of the image from 0 to 1, like 0 0.5 1 1"
        case .emptyRectangle: "empty rectangle: LEFT must be less than RIGHT, and TOP less than BOTTOM"
        }
    }

    private func brief(_ number: Double) -> String {
        number == Double(Int64(number)) ? fixed(number, decimals: 0) : "\(number)"
    }
}

/// Words of which one has to be written.
public struct Choice: Equatable, Sendable {
    /// In the order of their places.
    public let words: [StaticString]
    /// What a message adds.
    let note: StaticString

    /// A message ends with `note`.
    public init(_ words: [StaticString], note: StaticString = "") { (self.words, self.note) = (words, note) }

    /// Whether something may be done.
    public static var yesOrNo: Choice { Choice(["yes", "no"], note: " (in lower case)") }
    /// Quarters of a turn.
    public static var rotation: Choice { Choice(["0", "90", "180", "270"], note: " (degrees clockwise)") }
    /// How images become the network's input.
    public static var resize: Choice { Choice(["fast", "upstream"]) }

    /// "a, b or c".
    var list: String {
        var list = ""
        for (index, word) in words.enumerated() {
            list += (index == 0 ? "" : index + 1 == words.count ? " or " : ", ") + "\(word)"
        }
        return list
    }

    /// Whether the words are the same; a note changes nothing.
    public static func == (a: Choice, b: Choice) -> Bool { a.list == b.list }
}
