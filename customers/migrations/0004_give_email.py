from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0003_order"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="customer",
            options={
                "permissions": [("give_email", "Can give an imported customer an e-mail address")],
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
            },
        ),
    ]
