import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import net.sourceforge.pmd.lang.LanguageProcessor;
import net.sourceforge.pmd.lang.LanguageProcessorRegistry;
import net.sourceforge.pmd.lang.ast.FileAnalysisException;
import net.sourceforge.pmd.lang.ast.Parser;
import net.sourceforge.pmd.lang.ast.SemanticErrorReporter;
import net.sourceforge.pmd.lang.document.FileId;
import net.sourceforge.pmd.lang.document.TextDocument;
import net.sourceforge.pmd.lang.plsql.PLSQLLanguageModule;

/** Parses each file by PMD's grammar of PL/SQL and prints a line for it: OK, or ERROR with what is wrong. */
public class PlsqlCheck {
  public static void main(String[] files) throws Exception {
    PLSQLLanguageModule language = PLSQLLanguageModule.getInstance();
    LanguageProcessorRegistry registry =
        LanguageProcessorRegistry.singleton(language.createProcessor(language.newPropertyBundle()));
    LanguageProcessor processor = registry.getProcessor(language);
    for (String file : files) {
      String source = Files.readString(Path.of(file), StandardCharsets.UTF_8);
      FileId id = FileId.fromPathLikeString(file);
      try (TextDocument document = TextDocument.readOnlyString(source, id, language.getDefaultVersion())) {
        Parser.ParserTask task =
            new Parser.ParserTask(document, SemanticErrorReporter.noop(), registry);
        processor.services().getParser().parse(task);
        System.out.println("OK");
      } catch (FileAnalysisException error) {
        System.out.println("ERROR " + error.getMessage().replace('\n', ' '));
      }
    }
    registry.close();
  }
}
