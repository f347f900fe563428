import CLinux
import Vision

extension ConfigurationReader {
    /// The text behind a key's equals sign, never empty, UTF-8.
    struct Value {
        let bytes: [UInt8]

        /// - Parameter isProse: whether semicolons may stand in it as in a sentence.
        init(_ text: INICursor, isProse: Bool = false) throws(ConfigurationMistake.Refusal) {
            var cursor = text
            bytes = try isProse ? cursor.text { _ in false } : cursor.name { _ in false }
            guard !bytes.isEmpty else { throw .init(.empty) }
        }

        private init(part: [UInt8]) { bytes = part }

        func path() throws(ConfigurationMistake.Refusal) -> [UInt8] {
            guard bytes.first == UInt8(ascii: "/") else { throw .init(.notAbsolute) }
            return bytes
        }

        func number(in range: ClosedRange<Double>) throws(ConfigurationMistake.Refusal) -> Double {
            var parsed = 0.0
            guard withCString({ clinux_parse_number($0, &parsed) }) == 0, range.contains(parsed) else {
                throw .init(.notANumber(from: range.lowerBound, to: range.upperBound))
            }
            return parsed
        }

        /// A score.
        func threshold() throws(ConfigurationMistake.Refusal) -> Float { Float(try number(in: 0...1)) }

        func integer(in range: ClosedRange<Int64>) throws(ConfigurationMistake.Refusal) -> Int {
            var parsed: Int64 = 0
            guard withCString({ clinux_parse_integer($0, &parsed) }) == 0, range.contains(parsed) else {
                throw .init(.notAnInteger(from: range.lowerBound, to: range.upperBound))
            }
            return Int(parsed)
        }

        /// Degrees.
        func rotation() throws(ConfigurationMistake.Refusal) -> Int {
            for degrees in [0, 90, 180, 270] where bytes == Array("\(degrees)".utf8) { return degrees }
            throw .init(.notARotation)
        }

        func isUpstream() throws(ConfigurationMistake.Refusal) -> Bool {
            if bytes == Service.bytes("upstream") { return true }
            guard bytes == Service.bytes("fast") else { throw .init(.notAResize) }
            return false
        }

        func isYes() throws(ConfigurationMistake.Refusal) -> Bool {
            if bytes == Service.bytes("yes") { return true }
            guard bytes == Service.bytes("no") else { throw .init(.notYesOrNo) }
            return false
        }

        /// WIDTHxHEIGHT in pixels.
        func size() throws(ConfigurationMistake.Refusal) -> PictureSize {
            let sides = bytes.split(separator: UInt8(ascii: "x"), omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw .init(.notASize) }
            var numbers: [Int] = []
            for side in sides {
                do throws(ConfigurationMistake.Refusal) {
                    numbers.append(try Value(part: Array(side)).integer(in: Configuration.sideRange))
                } catch {
                    throw .init(.notASize)
                }
            }
            return PictureSize(width: numbers[0], height: numbers[1])
        }

        /// LEFT TOP RIGHT BOTTOM, fractions of the picture's sides.
        func rectangle() throws(ConfigurationMistake.Refusal) -> Configuration.Rectangle {
            var numbers: [Float] = []
            for part in bytes.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) {
                do throws(ConfigurationMistake.Refusal) {
                    numbers.append(Float(try Value(part: Array(part)).number(in: 0...1)))
                } catch {
                    throw .init(.notARectangle)
                }
            }
            guard numbers.count == 4 else { throw .init(.notARectangle) }
            guard numbers[0] < numbers[2], numbers[1] < numbers[3] else { throw .init(.emptyRectangle) }
            return .init(left: numbers[0], top: numbers[1], right: numbers[2], bottom: numbers[3])
        }

        /// Names between commas. A name in quotes may be empty.
        static func list(_ text: INICursor) throws(ConfigurationMistake.Refusal) -> [[UInt8]] {
            var cursor = text
            var names: [[UInt8]] = []
            while true {
                cursor.skipBlanks()
                let isQuoted = cursor.current == UInt8(ascii: "\"")
                let name = try cursor.name { $0 == UInt8(ascii: ",") }
                guard isQuoted || !name.isEmpty else { throw .init(.empty) }
                names.append(name)
                guard cursor.current == UInt8(ascii: ",") else { return names }
                cursor.advance()
            }
        }

        private func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
            let text = bytes.map { CChar(bitPattern: $0) } + [0]
            return text.withUnsafeBufferPointer { body($0.baseAddress!) }
        }
    }
}
