import CLinux
import Foundation
import TestSupport
import Testing

@testable import Service

/// getopt keeps its place in globals: one test at a time.
@Suite(.serialized) struct CommandLineTests {
    struct Outcome: Equatable {
        var found: [String] = []
        var operands: [String] = []
        var error: CommandLineError?
        var message = ""
    }

    static let rows: [OptionRow<Outcome>] = [
        .init(.init("model", short: "m", argument: "FILE", .path(), help: "a file")) {
            $0.found.append("model \(text($1.argument)) \(text($1.text))")
        },
        .init(.init("threshold", argument: "T", .number(0...1), help: "a number")) {
            $0.found.append("threshold \($1.number)")
        },
        .init(.init("limit", argument: "N", .integer(1...100), help: "a whole number")) {
            $0.found.append("limit \($1.integer)")
        },
        .init(.init("resize", argument: "fast|upstream", .choice(.resize), help: "a choice")) {
            $0.found.append("resize \($1.choice)")
        },
        .init(.init("loop", short: "l", word: "yes", .choice(.yesOrNo), help: "a switch")) {
            $0.found.append("loop \($1.choice)")
        },
    ]

    func parse(_ arguments: String...) -> Outcome {
        var pointers = (["program"] + arguments).map { strdup($0) }
        pointers.append(nil)
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeMutableBufferPointer {
            var line = CommandLineParser(
                Self.rows.map(\.option), isProgram: true, count: Int32($0.count - 1), arguments: $0.baseAddress!)
            var outcome = Outcome()
            do throws(CommandLineError) {
                while let (row, given) = try line.next() {
                    if row < Self.rows.count {
                        Self.rows[row].set(&outcome, given)
                    } else {
                        outcome.found.append(row == Self.rows.count ? "help" : "version")
                    }
                }
                outcome.operands = line.operands.map { text($0) }
            } catch {
                outcome.error = error
                outcome.message = line.message(error)
            }
            return outcome
        }
    }

    @Test func everyFormOfAnOption() {
        #expect(
            parse("a", "-m", "x", "--threshold=.5", "-lmy", "--lim", "7", "--resize", "upstream", "-h", "--version", "--", "-b")
                == Outcome(
                    found: ["model x x", "threshold 0.5", "loop 0", "model y y", "limit 7", "resize 1", "help", "version"],
                    operands: ["a", "-b"]))
        #expect(parse() == Outcome())
        #expect(parse("-", "--model", "x") == Outcome(found: ["model x x"], operands: ["-"]))
    }

    @Test(arguments: [
        (["--bogus"], CommandLineError.unknownOption, "--bogus"),
        (["--treshold=1"], .unknownOption, "--treshold=1; did you mean --threshold?"),
        (["--Model"], .unknownOption, "--Model; did you mean --model?"), (["--loop", "-zl"], .unknownOption, "-z"),
        (["--l"], .unknownOption, "--l"), (["--model"], .missingArgument, "--model requires an argument: FILE"),
        (["-lm"], .missingArgument, "--model requires"),
        (["--loop=3"], .unexpectedArgument, "--loop does not accept an argument"),
        (
            ["--threshold", "1.01"], .value(.notANumber(from: 0, to: 1)),
            "--threshold must be a number from 0 to 1 (with a decimal point, without a unit), not '1.01'"
        ),
        (["--threshold", "nan"], .value(.notANumber(from: 0, to: 1)), "'nan'"),
        (["--threshold", "0x1"], .value(.notANumber(from: 0, to: 1)), "'0x1'"),
        (["--threshold", ""], .missingArgument, "--threshold requires an argument: T"),
        (["--model="], .missingArgument, "--model requires an argument: FILE"),
        (["--threshold", "1e999"], .value(.notANumber(from: 0, to: 1)), "'1e999'"),
        (["--limit", "0"], .value(.notAnInteger(from: 1, to: 100)), "--limit must be an integer from 1 to 100, not '0'"),
        (["--limit", "99999999999999999999"], .value(.notAnInteger(from: 1, to: 100)), "9999"),
        (["--limit", " 5"], .value(.notAnInteger(from: 1, to: 100)), "' 5'"),
        (["--resize", "fas"], .value(.notAChoice(.resize)), "--resize must be fast or upstream, not 'fas'"),
    ]) func mistakesAreNamed(arguments: [String], error: CommandLineError, words: String) {
        let outcome = arguments.count == 1 ? parse(arguments[0]) : parse(arguments[0], arguments[1])
        #expect(outcome.error == error)
        #expect(outcome.message.contains(words), "\(outcome.message)")
    }

    @Test func helpListsTheTableInColumns() {
        let line = CommandLineParser(Self.rows.map(\.option), count: 0, arguments: clinux_argument_values())
        let lines = line.optionHelp.split(separator: "\n")
        #expect(lines.count == Self.rows.count + 1)
        #expect(lines[0] == "  -m, --model FILE            a file")
        #expect(lines[1] == "      --threshold T           a number")
    }
}

@Suite struct TextFormattingTests {
    @Test func fixedPointIsWhatPrintfMakesOfIt() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let decimals = Int.random(in: 0...6, using: &random)
            let value = Double.random(in: -1...1, using: &random) * pow(10, Double.random(in: -6...8, using: &random))
            let expected = String(format: "%.\(decimals)f", value)
            // printf keeps the sign of what it rounds to zero.
            let isZero = Double(expected) == 0
            #expect(fixed(value, decimals: decimals) == (isZero ? expected.replacing("-", with: "") : expected))
        }
        #expect(fixed(.nan, decimals: 2) == "nan")
    }

    @Test func paddingCountsCharactersNotBytes() {
        #expect(padded("é", to: 3) + "|" == "é  |")
        #expect(padded("12", to: 4, .right) == "  12")
        #expect(padded("long", to: 2) == "long")
    }

    @Test func noControlCharacterIsPrinted() {
        let text = "a\u{1B}[31m\n\u{7F}\u{80}\u{9B}2J\u{9F}\u{A0}é\u{1F600}"
        #expect(printable(text) == "a?[31m????2J?\u{A0}é\u{1F600}")
        let log = Log(program: "p")
        let line = log.line(text, .error)
        #expect(String(decoding: line, as: UTF8.self).hasSuffix("a?[31m????2J?\u{A0}é\u{1F600}\n"))
        // Cut between characters, for each place at which the limit may fall.
        for start in 0..<4 {
            let long = String(repeating: "x", count: start) + String(repeating: "\u{1F600}", count: 2000)
            let line = log.line(long, .error)
            #expect(line.count <= Log.lineLimit && line.count > Log.lineLimit - 4 && line.last == 0x0A)
            #expect(String(validating: line, as: UTF8.self) != nil)
        }
    }

    @Test func sizes() {
        #expect(
            [1023, 1024, 1536, 1 << 20, 3 << 30].map(byteCount)
                == ["1023 bytes", "1.0 KiB", "1.5 KiB", "1.0 MiB", "3.0 GiB"])
    }
}
