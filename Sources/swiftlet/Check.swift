import CLinux
import Detector
import ModelFile
import Service

/// `swiftlet check`: every mistake of a configuration file, or what it amounts to.
enum Check {
    static func run(
        count: Int32, arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _ log: Log
    ) -> ExitCode {
        let path = parseOrExit(
            table, count: count, arguments: arguments, log, command: "check"
        ) { (line: inout CommandLineParser<ID>, log: Log) throws(CommandLineError) -> UnsafePointer<CChar> in
            while try line.next() != nil {
                Output(log: log).write(usage + line.optionHelp + examples)
                ExitCode.success.exit()
            }
            guard let path = line.operands.first, line.operands.count == 1 else {
                usageError(log, "check", "name one configuration file")
            }
            return path
        }
        do throws(ConfigurationError) {
            return try check(path, log)
        } catch {
            log.error(error.message(file: text(path)))
            return error.exitCode
        }
    }

    private static func check(_ path: UnsafePointer<CChar>, _ log: Log) throws(ConfigurationError) -> ExitCode {
        let reader = try ConfigurationReader.read(path: path)
        let configuration = reader.configuration
        var mistakes = reader.mistakes
        if let labels = labels(of: configuration, log) { mistakes += configuration.mistakes(for: labels) }
        mistakes.sort { $0.line < $1.line }
        for mistake in mistakes { log.error(mistake.message(file: text(path))) }
        if !mistakes.isEmpty { return .configuration }
        Output(log: log).write(configuration.text)
        return .success
    }

    /// The classes of the model that the configuration names; nil, with a warning, where it cannot be read: that may be
    /// another machine's.
    private static func labels(of configuration: Configuration, _ log: Log) -> [[UInt8]]? {
        guard let path = configuration.modelPath else {
            log.warning("[model] path is not set: the names of classes are not checked")
            return nil
        }
        let terminated = path.map { CChar(bitPattern: $0) } + [0]
        do throws(ModelFileError) {
            return try ModelDescription(ModelFile(path: terminated)).labels
        } catch {
            log.warning("\(text(path)): \(error.message): the names of classes are not checked")
            return nil
        }
    }

    private enum ID { case help }

    private static var table: [CommandLineOption<ID>] { [.init(.help, "help", short: "h", help: "this text")] }

    private static var usage: String {
        """
        usage: swiftlet check FILE

        Reads a configuration as swiftletd would. Names every mistake with its line, or
        prints all settings, those by default too, as a configuration.


        """
    }

    private static var examples: String {
        """

        example:
          swiftlet check /etc/swiftlet/swiftlet.conf

        exit codes: 0; 64 wrong command line; 66 no such file; 78 mistakes

        """
    }
}
