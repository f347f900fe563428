/// A value that was checked, wherever it comes from.
public enum Value: Equatable, Sendable {
    case number(Double)
    case integer(Int)
    case score(Float)
    /// Without a null.
    case text([UInt8])
    /// The place among the words of the choice.
    case choice(Int)
    case size(ImageSize)
    case format(PixelFormat)
    case rectangle(Box)
    case names([[UInt8]])
}

/// A value, and where it was given. Each accessor is for values of its own kind (precondition).
public struct Given {
    /// As its `ValueKind` made it.
    public let value: Value
    /// Of a file, from 1; 0 for the command line.
    public let line: Int
    /// As the command line has it, valid as long as the process; empty elsewhere.
    public let argument: UnsafePointer<CChar>

    /// `line` is 0 and `argument` nil where there is none.
    public init(_ value: Value, line: Int = 0, argument: UnsafePointer<CChar>? = nil) {
        (self.value, self.line) = (value, line)
        self.argument = argument ?? cString("")
    }

    /// Of `.number`.
    public var number: Double { if case .number(let number) = value { number } else { preconditionFailure() } }
    /// Of `.integer`.
    public var integer: Int { if case .integer(let integer) = value { integer } else { preconditionFailure() } }
    /// Of `.score`.
    public var score: Float { if case .score(let score) = value { score } else { preconditionFailure() } }
    /// Of `.text` and `.path`: without a null.
    public var text: [UInt8] { if case .text(let text) = value { text } else { preconditionFailure() } }
    /// Of `.choice`: the place among its words.
    public var choice: Int { if case .choice(let place) = value { place } else { preconditionFailure() } }
    /// Of `.size`.
    public var size: ImageSize { if case .size(let size) = value { size } else { preconditionFailure() } }
    /// Of `.format`.
    public var format: PixelFormat { if case .format(let format) = value { format } else { preconditionFailure() } }
    /// Of `.rectangle`.
    public var rectangle: Box { if case .rectangle(let area) = value { area } else { preconditionFailure() } }
    /// Of `.names`.
    public var names: [[UInt8]] { if case .names(let names) = value { names } else { preconditionFailure() } }
}
