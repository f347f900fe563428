import Camera
import Engine

/// One thing that is wrong with a board's file.
public struct BoardMistake: Error, Equatable {
    /// What is wrong; `message(file:)` has the words.
    public enum Reason: Equatable, Sendable {
        /// What a configuration's line can suffer from too.
        case line(ConfigurationMistake.Reason)
        case unknownSection
        case unknownKey
        case missing
        case notAPath
        case notACore
        case notAnArchitecture
        case notAFormat
        case notABasis
    }

    /// From 1; 0 for what is missing.
    public var line: Int
    /// As the file has them, empty where there is none.
    public var section: [UInt8]
    /// In the section; empty where the line has none.
    public var key: [UInt8]
    /// What is wrong with the line.
    public var reason: Reason

    init(line: Int, section: [UInt8] = [], key: [UInt8] = [], reason: Reason) {
        self.line = line
        self.section = section
        self.key = key
        self.reason = reason
    }

    /// One line for the user: where, what is wrong, and what to write instead. `file` is the name the user gave.
    public func message(file: String) -> String {
        var place = "\(file):"
        if line > 0 { place += "\(line):" }
        if !section.isEmpty { place += " [\(text(section))]" }
        if !key.isEmpty { place += " \(text(key)):" }
        return "\(place) \(words)"
    }

    private var words: String {
        switch reason {
        case .line(let reason): reason.words
        case .unknownSection:
            "no such section: there are [board], [processor], [memory], [engine], [camera], [notes] and [budget MODEL]"
        case .unknownKey: "no such key in this section: boards/README.md lists them"
        case .missing: "is missing: boards/README.md tells what it means"
        case .notAPath: "wants the name of a kernel path: \(names(KernelPath.allCases.map { $0.name }))"
        case .notACore: "wants the name of a core: \(names(ProcessorCore.allCases.map { $0.name }))"
        case .notAnArchitecture: "wants arm64 or armhf"
        case .notAFormat: "wants the name of a pixel format: \(names(PixelFormat.allCases.map { $0.name }))"
        case .notABasis: "wants estimated or measured"
        }
    }

    private func names(_ all: [StaticString]) -> String {
        var result = ""
        for name in all { result += (result.isEmpty ? "" : ", ") + "\(name)" }
        return result
    }

    /// A value's mistake before it is known where that stands.
    struct Refusal: Error {
        var reason: Reason

        init(_ reason: Reason) { self.reason = reason }
    }
}
