internal import CommandSupport

@main
enum Main {
    static func main() async {
        await Program.main(ChaosProgram.self)
    }
}
